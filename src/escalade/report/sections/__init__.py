"""The page's sections: each is a function of the run that gives HTML."""
