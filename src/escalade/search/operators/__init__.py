"""What searches are made of: mutation, crossover, evolution, random starts."""
