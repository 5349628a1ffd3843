"""The rules of operators: pure, with time as an argument."""
