-- SQLite has no index on what is in a list; it reads the log from its end.
select 1;
