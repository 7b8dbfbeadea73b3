"""One sentence of each kind of need, for people who look for how to say it."""

from __future__ import annotations

from gridpact.scheduling.needs import model

EXAMPLES: dict[type[model.Asked], str] = {
    model.StateOfCharge: "car >= 80% by 07:30",
    model.EnergyWithin: "car takes >= 20 kWh within 22:00-06:00",
    model.PowerCap: "zone PL <= 400 kW 18:00-20:00, grid",
    model.PowerFloor: "tag fleet gives >= 50 kW 18:00-19:00, contract",
    model.Comfort: "heat 20..22 C 06:00-22:00",
    model.HotWater: "tank 120 l at 40 C by 06:30",
    model.Quiet: "dryer quiet 22:00-06:30",
    model.Run: "washing 2 h within 09:00-17:00 uninterrupted",
    model.RunRest: "heat runs >= 20 min and rests >= 10 min",
    model.Starts: "pump starts <= 4 06:00-22:00",
    model.Cycles: "battery cycles <= 1.5 per day",
    model.Budget: "car cost <= 2.00 18:00-08:00",
    model.Headroom: "battery keeps up 3 kW and down 2 kW for 15 min 06:00-22:00",
    model.Intervention: "car stop until 20:00",
    model.Unavailable: "car unavailable 08:00-17:00 on weekdays",
}
"""By kind, in the order of :data:`gridpact.scheduling.needs.model.KINDS`."""
