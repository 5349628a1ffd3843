"""One statement a function, over the tables of the schema `accounts`."""
