-- Held free for the branch that has this number; the file goes when that comes.
SELECT;
