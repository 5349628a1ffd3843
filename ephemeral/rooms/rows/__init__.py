"""One statement a function, over the tables of rooms."""
