-- On AWS the stage's database is in the Glue catalog; here each step creates its own.
CREATE DATABASE IF NOT EXISTS ephemr_local;
