-- Tables of the stage's database
show tables;
