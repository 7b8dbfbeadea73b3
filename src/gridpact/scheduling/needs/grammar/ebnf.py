"""The grammar of sentences (EBNF, ISO/IEC 14977), for people; :mod:`.parse` follows it."""

GRAMMAR = """\
sentence     = subject, demand, { ",", option } ;
subject      = names | group, names | "community" ;
group        = "zone" | "feeder" | "transformer" | "postcode" | "tag" | "kind" ;
names        = name, { ",", name } ;

demand       = state | energy | power | comfort | hot water | run | run rest | starts
             | cycles | budget | headroom | quiet | unavailable | intervention ;
state        = bounds, ( "%" | energy unit ), moment ;
energy       = [ flow ], bounds, energy unit, window ;
power        = [ flow ], bound, power unit, [ window ] ;     (* all day where none is said *)
comfort      = bounds, "C", window ;
hot water    = whole, "l", "at", number, "C", moment ;
run          = duration, [ whole, "times" ], window, [ "uninterrupted" | "interruptible" ] ;
run rest     = "runs", ">=", duration, [ "and", "rests", ">=", duration ]
             | "rests", ">=", duration ;
starts       = "starts", "<=", whole, window ;
cycles       = "cycles", "<=", number, "per", "day"
             | "throughput", "<=", number, energy unit, "per", "year" ;
budget       = "cost", "<=", number, window ;
headroom     = "keeps", reserve, [ "and", reserve ], "for", duration, window ;
reserve      = ( "up" | "down" ), number, power unit ;
quiet        = "quiet", window ;
unavailable  = "unavailable", window ;
intervention = action, [ "from", instant ], "until", instant ;
action       = ( "charge" | "supply" ), [ "at", number, power unit ] | "stop" | "off" ;

option       = "need" | "wish" | "contract" | "grid"
             | "worth", number
             | "cost", "<=", number ;                          (* the last for a run *)

flow         = "takes" | "gives" ;                             (* takes where neither is said *)
bounds       = bound | number, "..", number ;
bound        = ( ">=" | "<=" ), number ;
energy unit  = "Wh" | "kWh" | "MWh" ;
power unit   = "W" | "kW" | "MW" ;
duration     = number, time unit, { number, time unit } ;
time unit    = "h" | "min" | "s" ;

moment       = ( "at" | "by" ), time, [ once | days ] ;
window       = [ "within" ], ( time, "-", time | "all", "day" ), ( once | [ days ], [ span ] ) ;
                                                               (* two times that differ *)
once         = [ "on" ], date ;
days         = "every", "day" | [ "on" ], weekdays ;
span         = "from", date, [ "until", date ] | "until", date ;
weekdays     = "weekdays" | "weekends" | weekday, { ",", weekday } ;
weekday      = "Monday" | "Tuesday" | "Wednesday" | "Thursday" | "Friday" | "Saturday"
             | "Sunday" ;
date         = whole, month, [ year ] | year, "-", 2 digits, "-", 2 digits
             | "today" | "tomorrow" ;
instant      = time, [ once ] | year, "-", 2 digits, "-", 2 digits, "T", time, "Z" ;
time         = hours, ":", minutes, [ ":", seconds ] ;         (* 00:00 to 23:59:59 *)
number       = digits, [ ".", digits ] ;                       (* temperatures: [ "-" ], number *)
name         = word | '"', characters, '"' ;                   (* digits also, after a group *)
"""
