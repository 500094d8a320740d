-- Where the stage keeps things
select '{{.Stage}}' as stage, '{{.Database}}' as db;
