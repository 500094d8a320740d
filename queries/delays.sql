-- Delays of a month per carrier and airport of departure
-- param month = 2013-01: year and month
select
  carrier,
  origin,
  flights,
  round(dep_delay, 1) as dep_delay,               -- minutes on average; negative is early
  round(arr_delay, 1) as arr_delay,
  round(100 * late_share, 1) as late_percent,     -- by 15 minutes or more
  worst_delay
from delays
where flight_month = {{.Params.month}}
order by late_percent desc, carrier, origin;
