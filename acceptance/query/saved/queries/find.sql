-- Find people
-- param name: whom
-- param ages = 1,2: one of these
-- param least = 0
with people (name, age) as (values ('O''Hara', 1), ('Scarlett', 2), ('Rhett', 3))
select name, age from people
where name = {{.Params.name}} and cast(age as varchar) in ({{list .Params.ages}}) and age >= {{int .Params.least}};
