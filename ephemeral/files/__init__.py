"""Files of account holders: what a server keeps of them, and who may store and fetch what."""
