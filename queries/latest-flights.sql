-- The most delayed flights of some days; scans only these days
-- param from = 2013-01-01: first day
-- param to = 2013-01-07: last day
-- param origins = EWR,JFK,LGA: airports of departure
-- param limit = 10: maximum number of rows
select dt, carrier, flight, origin, dest, dep_delay, arr_delay
from flights
where dt between {{.Params.from}} and {{.Params.to}}  -- the table's partition key
  and origin in ({{list .Params.origins}})
order by arr_delay desc, id
limit {{int .Params.limit}};
