"""Draw the table of transitions, for the page that shows it. The page is held to it by a test."""

from core.lifecycles.states import ENDED, FIRST, SERVED, TRANSITIONS, State, named


def drawn() -> str:
    """Return the states and the ways between them as Markdown: a diagram, and a table."""
    lines = ["```mermaid", "stateDiagram-v2"]
    lines += [f"    [*] --> {each}" for each in named(FIRST)]
    for way in TRANSITIONS:
        if way.after is not None:
            lines += [f"    {each} --> {way.after}: {way.verb}" for each in named(way.before)]
    lines += [f"    {each} --> [*]" for each in named(ENDED)]
    lines += ["```", "", "| Verb | From | To | When |", "|---|---|---|---|"]
    for way in TRANSITIONS:
        before, to = ", ".join(named(way.before)), way.after or "the same"
        lines.append(f"| {way.verb} | {before} | {to} | {way.meaning} |")
    served = ", ".join(named(SERVED))
    lines += ["", f"The plan is held in: {served}. In all others of {len(State)} states it is not."]
    return "\n".join(lines) + "\n"
