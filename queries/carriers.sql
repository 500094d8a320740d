-- Carriers by their share of late flights, over all months and airports
-- param min_flights = 100: leave out those with fewer flights
select
  carrier,
  sum(flights) as flights,
  round(sum(flights * arr_delay) / sum(flights), 1) as arr_delay,
  round(100 * sum(flights * late_share) / sum(flights), 1) as late_percent
from delays
group by carrier
having sum(flights) >= {{int .Params.min_flights}}
order by late_percent desc, carrier;
