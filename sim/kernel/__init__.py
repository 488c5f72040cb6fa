"""What happens to a child: plain functions over arrays, compiled, that know nothing about SimPy or YAML.

The order of a day (:mod:`sim.kernel.day` is the entry; everything runs in this order, every day):

1. fixed events: needs begin, get worse, children move place or leave with age;
2. what falls due: needs are noticed, families arrive, give up, delays and supports end, sessions become owed;
3. sessions, team by team: statutory, courses under way, triage, drop-ins, visits, groups, assessments, starts;
4. at the end of a week: lists are counted, next week's minutes planned, the places' capability moves on.

Ties are settled by rule: what falls due on one day is handled in the order of the needs; lists are first come,
first served within a priority class.
"""
