"""What happens when a child is (or is not) brought: triage, single contacts, courses, groups, visits."""

from __future__ import annotations

from sim.draws import (
    ACCEPT,
    DISCHARGE,
    FOUND_AT_VISIT,
    MORE_INFORMATION,
    NOT_BROUGHT,
    TURNED_AWAY,
    WITHDRAWS,
    days_after,
    uniform,
)
from sim.jit import inner
from sim.kernel.basics import count, drop_ticket, has_ticket, log, pull, schedule, unschedule
from sim.kernel.erosion import note_overflow
from sim.kernel.life import notice
from sim.kernel.minutes import charge, debtor_of, pay
from sim.kernel.routes import closed, count_from_joining, finish, route, stand, start
from sim.kernel.score import in_normal_range, level_now, score, start_support
from sim.kernel.state import (
    ACCEPTED,
    BETWEEN,
    BOTH,
    COACHED,
    DELAYED,
    DONE,
    E_ACCEPTED,
    E_CONTACT,
    E_COURSE_ENDS,
    E_FOUND,
    E_GIVES_UP,
    E_MORE_INFORMATION,
    E_NOT_BROUGHT,
    E_REJECTED,
    E_SENT_AWAY,
    E_TURNED_AWAY,
    E_WITHDRAWS,
    FIRST_NEW,
    FIRST_OLD,
    GAVE_UP,
    GOAL_MET,
    GONE,
    HIDDEN,
    IN_BOTH,
    IN_GROUP,
    JOIN,
    LEADS_GROUP,
    MAIN,
    NEVER,
    NEW,
    NOBODY,
    NOT_IN_NEED,
    OLD,
    ONE_SYSTEM,
    REJECTED,
    SENT_AWAY,
    SESSION,
    STALLED,
    TO_COME,
    W_CONTACTS,
    W_DUPLICATES,
    W_FIRST,
    W_GAVE_UP,
    W_NOT_BROUGHT,
    W_ON_TIME,
    W_SPECIALIST,
    W_TURNED_AWAY,
    WAITING,
    Books,
    People,
    Rules,
    Tickets,
)
from sim.kernel.systems import belongs, held_by, leading, note_entry, visited, works_there
from sim.numerics import logistic


@inner
def is_brought(rules: Rules, people: People, need: int, offer: int, day: int, waited: int) -> bool:
    """Whether the child is brought: log odds of not being brought grow with the days waited."""
    if rules.offers.nb_base[offer] <= -1e8:
        return True
    odds = rules.offers.nb_base[offer] + rules.offers.nb_day[offer] * waited
    odds += rules.nb_deprived[offer, people.children.quintile[people.needs.child[need]]]
    if rules.winter[day]:
        odds += rules.offers.nb_winter[offer]
    u = uniform(rules.seed, people.needs.key[need], NOT_BROUGHT, people.needs.appointments[need])
    return u >= min(logistic(odds), rules.offers.nb_most[offer])


@inner
def seen(
    rules: Rules,
    people: People,
    tickets: Tickets,
    books: Books,
    need: int,
    offer: int,
    day: int,
    minutes: int,
) -> None:
    """A contact took place: waits end, counts grow."""
    people.needs.minutes[need] += minutes
    if day >= rules.decision_day:
        people.needs.seen_by[need] |= 1 << offer
        books.tallies.contacts[offer] += 1
    log(rules, people, books, day, need, offer, E_CONTACT)
    if not rules.offers.is_contact[offer]:
        return
    people.needs.contacts[need] += 1
    count(people, books, day, W_CONTACTS, need)
    if people.needs.in_both[need] != ONE_SYSTEM:
        seen_in_both(rules, people, tickets, books, need, offer, day)
    if people.needs.first_contact[need] == NEVER:
        people.needs.first_contact[need] = day
        count_from_joining(people, tickets, books, need)
        count(people, books, day, W_FIRST, need)
    elif people.needs.second_contact[need] == NEVER:
        people.needs.second_contact[need] = day
    if rules.offers.specialist[offer] and people.needs.specialist_start[need] == NEVER:
        people.needs.specialist_start[need] = day
        count(people, books, day, W_SPECIALIST, need)


@inner
def seen_in_both(
    rules: Rules, people: People, tickets: Tickets, books: Books, need: int, offer: int, day: int
) -> None:
    """A contact with a family that is in both systems: a duplicate if the other system has seen the child first.

    Once a system has helped, some families give up their place in the other.
    """
    of = rules.offers.of[offer]
    if of == BOTH:
        return
    own = FIRST_OLD if of == OLD else FIRST_NEW
    if people.needs.in_both[need] == IN_BOTH:
        people.needs.in_both[need] = own
    elif people.needs.in_both[need] != own:
        people.needs.duplicates[need] += 1
        count(people, books, day, W_DUPLICATES, need)
    if not rules.offers.helps[offer] or rules.withdraws <= 0.0:
        return
    if uniform(rules.seed, people.needs.key[need], WITHDRAWS, 0) < rules.withdraws:
        other = NEW if of == OLD else OLD
        give_back_places(rules, people, tickets, books, need, other, day)
        if not held_by(rules, people, tickets, need, other):
            people.needs.in_both[need] = ONE_SYSTEM


@inner
def give_back_places(
    rules: Rules, people: People, tickets: Tickets, books: Books, need: int, of: int, day: int
) -> None:
    """Off all the lists of one of the systems; a course under way goes on."""
    t = people.needs.tickets[need]
    while t != NOBODY:
        following, offer, state = tickets.sibling[t], tickets.offer[t], tickets.state[t]
        if belongs(rules, tickets, t, of) and (state == WAITING or state == DELAYED):
            drop_ticket(people, tickets, books, t)
            closed(people, books, need)
            log(rules, people, books, day, need, offer, E_WITHDRAWS)
        t = following


@inner
def missed(rules: Rules, people: People, tickets: Tickets, books: Books, t: int, day: int, team: int) -> bool:
    """Not brought: the slot is lost. True if the service sends the family away for it."""
    need, offer = tickets.need[t], tickets.offer[t]
    charge(rules, books, day // 7, team, offer, True)
    people.needs.not_brought[need] += 1
    count(people, books, day, W_NOT_BROUGHT, need)
    log(rules, people, books, day, need, offer, E_NOT_BROUGHT)
    if rules.offers.nb_discharge[offer] <= 0.0:
        return False
    u = uniform(rules.seed, people.needs.key[need], DISCHARGE, people.needs.appointments[need])
    return u < rules.offers.nb_discharge[offer]


@inner
def first_appointment(
    rules: Rules, people: People, tickets: Tickets, books: Books, t: int, day: int, team: int
) -> None:
    """Somebody from the top of the list is offered an appointment."""
    need, offer = tickets.need[t], tickets.offer[t]
    queue = tickets.queue[t]
    pull(tickets, books, t)
    if rules.offers.gate[offer]:
        unschedule(tickets, books, t)
        decide(rules, people, tickets, books, t, day, team)
        return
    brought = is_brought(rules, people, need, offer, day, day - tickets.joined[t])
    people.needs.appointments[need] += 1
    if not brought:
        if missed(rules, people, tickets, books, t, day, team):
            log(rules, people, books, day, need, offer, E_SENT_AWAY)
            finish(rules, people, tickets, books, t, SENT_AWAY, day)
            return
        # rebooked: position 0 of the same list, in the order in which the new appointments are due
        books.rebookings[team, offer] += 1
        tickets.ready[t] = day + rules.offers.rebook[offer]
        stand(rules, people, tickets, books, t, rebooked_list(rules, offer, queue))
        return
    unschedule(tickets, books, t)
    tickets.team[t] = team
    if (
        rules.offers.request_rate[offer] > 0.0
        and day - tickets.joined[t] <= rules.offers.request_deadline[offer]
    ):
        count(people, books, day, W_ON_TIME, need)
    start_support(rules, people, tickets, books, t, day)
    attended(rules, people, tickets, books, t, day, team)


@inner
def rebooked_list(rules: Rules, offer: int, queue: int) -> int:
    """Position 0 of the list to which a class of it belongs; lists without classes keep their place."""
    if rules.offers.access[offer] != 0:
        return queue
    classes = rules.offers.n_classes[offer] + 1
    return queue - (queue - rules.offers.list_base[offer]) % classes


@inner
def attended(
    rules: Rules, people: People, tickets: Tickets, books: Books, t: int, day: int, team: int
) -> None:
    """A contact takes place; the course goes on, or ends and the need is routed."""
    need, offer = tickets.need[t], tickets.offer[t]
    spent = charge(rules, books, day // 7, team, offer, False)
    tickets.contacts[t] += 1
    seen(rules, people, tickets, books, need, offer, day, spent)
    outcome = after_contact(rules, people, tickets, t, day)
    if outcome < 0:
        schedule_session(rules, tickets, books, t, day, rules.offers.every[offer])
        return
    if tickets.contacts[t] > 1:
        log(rules, people, books, day, need, offer, E_COURSE_ENDS)
    if rules.offers.serves_child[offer]:
        serve_siblings(rules, people, tickets, books, need, offer, day)
    finish(rules, people, tickets, books, t, outcome, day)


@inner
def schedule_session(rules: Rules, tickets: Tickets, books: Books, t: int, day: int, days: int) -> None:
    """The next session of a course is due after some days."""
    tickets.state[t] = BETWEEN if tickets.state[t] != LEADS_GROUP else LEADS_GROUP
    schedule(tickets, books, t, day + max(1, days), SESSION)


@inner
def after_contact(rules: Rules, people: People, tickets: Tickets, t: int, day: int) -> int:
    """Outcome of the course after a contact, or -1 while it goes on."""
    need, offer, n = tickets.need[t], tickets.offer[t], tickets.contacts[t]
    if rules.offers.contacts[offer] <= 1 and not tickets.goal_led[t]:
        return NOT_IN_NEED if in_normal_range(rules, people, need, day) else DONE
    if not tickets.goal_led[t]:
        if n < rules.offers.contacts[offer]:
            return -1
        y = score(rules, people, need, day)
        return GOAL_MET if goal_met(rules, people, tickets, t, y) else DONE
    if n % rules.offers.review_every[offer] != 0 and n < rules.offers.most_contacts[offer]:
        return -1
    y = score(rules, people, need, day)
    if goal_met(rules, people, tickets, t, y):
        return GOAL_MET
    if n >= rules.offers.most_contacts[offer]:
        return DONE
    if n > 1 and y - tickets.y_last[t] < rules.offers.stall_points[offer]:
        return STALLED
    tickets.y_last[t] = y
    return -1


@inner
def goal_met(rules: Rules, people: People, tickets: Tickets, t: int, y: float) -> bool:
    """The normal range is reached, or the gain that was aimed for."""
    need, offer = tickets.need[t], tickets.offer[t]
    return (
        y >= rules.kinds.normal[people.needs.kind[need]]
        or y - tickets.y_then[t] >= rules.offers.goal_points[offer]
    )


@inner
def later_session(rules: Rules, people: People, tickets: Tickets, books: Books, t: int, day: int) -> None:
    """A session owed to a course under way."""
    need, offer, team = tickets.need[t], tickets.offer[t], tickets.team[t]
    pull(tickets, books, t)
    if tickets.state[t] == LEADS_GROUP:
        group_session(rules, people, tickets, books, t, day)
        return
    brought = is_brought(rules, people, need, offer, day, 0)
    people.needs.appointments[need] += 1
    if brought:
        attended(rules, people, tickets, books, t, day, team)
    elif missed(rules, people, tickets, books, t, day, team):
        log(rules, people, books, day, need, offer, E_SENT_AWAY)
        finish(rules, people, tickets, books, t, SENT_AWAY, day)
    else:
        books.rebookings[team, offer] += 1
        schedule_session(rules, tickets, books, t, day, rules.offers.rebook[offer])


@inner
def decide(rules: Rules, people: People, tickets: Tickets, books: Books, t: int, day: int, team: int) -> None:
    """Triage: accept, ask for more information once, or reject."""
    need, offer = tickets.need[t], tickets.offer[t]
    spent = charge(rules, books, day // 7, team, offer, False)
    tickets.contacts[t] += 1
    seen(rules, people, tickets, books, need, offer, day, spent)
    occasion = int(people.needs.routings[need])
    if tickets.contacts[t] == 1 and rules.offers.more_information[offer] > 0.0:
        u = uniform(rules.seed, people.needs.key[need], MORE_INFORMATION, occasion)
        if u < rules.offers.more_information[offer]:
            log(rules, people, books, day, need, offer, E_MORE_INFORMATION)
            tickets.state[t] = DELAYED
            wait = days_after(
                max(rules.offers.more_information_days[offer], 1e-9),
                1.0 - u / rules.offers.more_information[offer],
            )
            schedule(tickets, books, t, day + wait, JOIN)
            return
    u = uniform(rules.seed, people.needs.key[need], ACCEPT, occasion)
    accepted = u < rules.accept[offer, level_now(rules, people, need, day)]
    log(rules, people, books, day, need, offer, E_ACCEPTED if accepted else E_REJECTED)
    finish(rules, people, tickets, books, t, ACCEPTED if accepted else REJECTED, day)


@inner
def serve_siblings(
    rules: Rules, people: People, tickets: Tickets, books: Books, need: int, offer: int, day: int
) -> None:
    """One contact for all of the child's open needs: the others are seen, and routed, at the same time."""
    c = people.needs.child[need]
    for other in range(people.children.first[c], people.children.first[c] + people.children.needs[c]):
        phase = people.needs.phase[other]
        if (
            other == need
            or phase == TO_COME
            or phase == GONE
            or not rules.offer_kinds[offer, people.needs.kind[other]]
        ):
            continue
        if in_normal_range(rules, people, other, day):
            continue
        if phase == HIDDEN:
            notice(rules, people, tickets, books, other, day)
        t = has_ticket(people, tickets, other, offer)
        if t != NOBODY:
            drop_ticket(people, tickets, books, t)
            closed(people, books, other)
        note_entry(rules, people, other, day)
        seen(rules, people, tickets, books, other, offer, day, 0)
        route(rules, people, tickets, books, other, offer, DONE, day)


@inner
def give_up(rules: Rules, people: People, tickets: Tickets, books: Books, t: int, day: int) -> None:
    """A family stops waiting."""
    need, offer = tickets.need[t], tickets.offer[t]
    count(people, books, day, W_GAVE_UP, need)
    log(rules, people, books, day, need, offer, E_GIVES_UP)
    finish(rules, people, tickets, books, t, GAVE_UP, day)


@inner
def turn_away(
    rules: Rules, people: People, tickets: Tickets, books: Books, team: int, offer: int, day: int
) -> None:
    """At the end of a full drop-in the families left over go home, to come again or not."""
    queue = rules.offers.list_base[offer] + team
    last = books.lists.tail[queue]  # whoever joins again today has not been turned away twice
    t = books.lists.head[queue]
    while t != NOBODY:
        following = tickets.behind[t] if t != last else NOBODY
        if tickets.ready[t] <= day:
            need = tickets.need[t]
            count(people, books, day, W_TURNED_AWAY, need)
            note_overflow(rules, books, team, offer, day)
            log(rules, people, books, day, need, offer, E_TURNED_AWAY)
            occasion = int(people.needs.lists_joined[need]) * 1024 + int(tickets.tries[t])
            tickets.tries[t] += 1
            if (
                uniform(rules.seed, people.needs.key[need], TURNED_AWAY, occasion)
                < rules.offers.gives_up_full[offer]
            ):
                give_up(rules, people, tickets, books, t, day)
        t = following


@inner
def start_group(
    rules: Rules, people: People, tickets: Tickets, books: Books, leader: int, day: int, team: int
) -> None:
    """Up to a group's size of children from the leader's lists begin together."""
    offer = tickets.offer[leader]
    classes = rules.offers.n_classes[offer] + 1
    base = rebooked_list(rules, offer, tickets.queue[leader])
    last, members = NOBODY, 0
    for q in range(base, base + classes):
        t = books.lists.head[q]
        while t != NOBODY and members < rules.offers.group_size[offer]:
            following = tickets.behind[t]
            if tickets.ready[t] <= day:
                pull(tickets, books, t)
                unschedule(tickets, books, t)
                tickets.state[t] = IN_GROUP if members > 0 else LEADS_GROUP
                tickets.team[t] = team
                tickets.fellow[t] = NOBODY
                start_support(rules, people, tickets, books, t, day)
                if last == NOBODY:
                    leader = t
                else:
                    tickets.fellow[last] = t
                last = t
                members += 1
            t = following
    group_session(rules, people, tickets, books, leader, day)


@inner
def group_session(
    rules: Rules, people: People, tickets: Tickets, books: Books, leader: int, day: int
) -> None:
    """One session for the group; staff time is spent whoever comes."""
    offer, team = tickets.offer[leader], tickets.team[leader]
    spent = charge(rules, books, day // 7, team, offer, False)
    members = 0
    t = leader
    while t != NOBODY:
        members += 1
        t = tickets.fellow[t]
    t = leader
    while t != NOBODY:
        need = tickets.need[t]
        if tickets.tries[t] >= 0:
            brought = is_brought(rules, people, need, offer, day, 0)
            people.needs.appointments[need] += 1
            if brought:
                seen(rules, people, tickets, books, need, offer, day, spent // members)
            else:
                people.needs.not_brought[need] += 1
                count(people, books, day, W_NOT_BROUGHT, need)
                log(rules, people, books, day, need, offer, E_NOT_BROUGHT)
        t = tickets.fellow[t]
    tickets.contacts[leader] += 1
    if tickets.contacts[leader] < rules.offers.contacts[offer]:
        schedule_session(rules, tickets, books, leader, day, rules.offers.every[offer])
    else:
        end_group(rules, people, tickets, books, leader, day)


@inner
def end_group(rules: Rules, people: People, tickets: Tickets, books: Books, leader: int, day: int) -> None:
    """The course of a group is over for all its members."""
    t = leader
    while t != NOBODY:
        following = tickets.fellow[t]
        need = tickets.need[t]
        if tickets.tries[t] < 0:
            drop_ticket(people, tickets, books, t)
        else:
            log(rules, people, books, day, need, tickets.offer[t], E_COURSE_ENDS)
            y = score(rules, people, need, day)
            met = goal_met(rules, people, tickets, t, y)
            finish(rules, people, tickets, books, t, GOAL_MET if met else DONE, day)
        t = following


@inner
def next_place(rules: Rules, people: People, books: Books, team: int, offer: int, day: int) -> int:
    """The place whose visit is due: each gets visits in proportion to its weight (smooth weighted round robin)."""
    total, best = 0.0, -1
    of = rules.offers.of[offer]
    system = of if of != BOTH else leading(rules, day // 7, team)
    for i in range(people.team_first[team], people.team_first[team + 1]):
        p = people.team_place[i]
        weight = rules.place_weight[system, p]
        if weight > 0.0 and visited(rules, books, offer, p, day):
            people.places.visit_credit[p] += weight
            total += weight
            if best < 0 or people.places.visit_credit[p] > people.places.visit_credit[best]:
                best = p
    if best >= 0:
        people.places.visit_credit[best] -= total
    return best


@inner
def visit(
    rules: Rules, people: People, tickets: Tickets, books: Books, team: int, offer: int, day: int
) -> bool:
    """A link therapist's visit: finds needs, sees children, coaches the staff. False if there is nowhere to go."""
    place = next_place(rules, people, books, team, offer, day)
    if place < 0:
        return False
    week = day // 7
    people.places.visits[place] += 1
    if works_there(
        rules, offer, place, day
    ):  # a system that is left sees those who wait, and looks for nobody
        find_needs(rules, people, tickets, books, place, offer, day)
    length = rules.offers.visit_minutes[offer]
    per_child = 0
    for g in range(rules.n_groups):
        per_child = max(per_child, rules.minutes[offer, g, MAIN])
    most = int(rules.offers.visit_children[offer] * length) // max(1, per_child)
    used = 0
    t = first_ready(tickets, books, rules.offers.list_base[offer] + place, day)
    while t != NOBODY and used < most:
        used += 1
        first_appointment(rules, people, tickets, books, t, day, team)
        t = first_ready(tickets, books, rules.offers.list_base[offer] + place, day)
    coach(rules, people, books, week, team, offer, place, length - used * per_child)
    return True


@inner
def first_ready(tickets: Tickets, books: Books, queue: int, day: int) -> int:
    """The first ticket on a list that may be seen today, or -1."""
    t = books.lists.head[queue]
    while t != NOBODY and tickets.ready[t] > day:
        t = tickets.behind[t]
    return t


@inner
def coach(
    rules: Rules, people: People, books: Books, week: int, team: int, offer: int, place: int, minutes: int
) -> None:
    """Time with the staff of a place raises its capability."""
    if minutes <= 0:
        return
    hours = 0.0
    for g in range(rules.n_groups):
        if rules.minutes[offer, g, MAIN] > 0:
            debtor = debtor_of(rules, books, team, offer, g)
            pay(rules, books, week, team, offer, g, COACHED, minutes, debtor)
            hours += minutes / 60.0
    raise_capability(rules, people, place, hours)


@inner
def raise_capability(rules: Rules, people: People, place: int, hours: float) -> None:
    """Coaching hours add to a place's capability from next week on, in proportion to what is still to gain."""
    hundreds = people.places.pupils[place] / 100.0
    if hundreds > 0.0:
        people.places.capability_new[place] += rules.capability_gain * hours / hundreds


@inner
def find_needs(
    rules: Rules, people: People, tickets: Tickets, books: Books, place: int, offer: int, day: int
) -> None:
    """Each unknown need in the place may be found at a visit; its child is seen there, today if there is time."""
    if rules.offers.visit_finds[offer] <= 0.0:
        return
    t = books.lists.head[rules.hidden_base + place]
    while t != NOBODY:
        need, following = tickets.need[t], tickets.behind[t]
        u = uniform(rules.seed, people.needs.key[need], FOUND_AT_VISIT, people.places.visits[place])
        if u < rules.offers.visit_finds[offer] and not in_normal_range(rules, people, need, day):
            notice(rules, people, tickets, books, need, day)
            log(rules, people, books, day, need, offer, E_FOUND)
            start(rules, people, tickets, books, need, offer, day, day)
        t = following
