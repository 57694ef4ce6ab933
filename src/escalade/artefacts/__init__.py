"""What stages leave for later ones: frozen dataclasses, and the folder that holds them.

Every file is in docs/reference/run_folder.md, its keys in the order that they have there. The
family itself is in the room `family`, since its members load networks.
"""
