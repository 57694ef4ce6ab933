"""timm's networks read as architectures: what `nets` builds, the other way round."""
