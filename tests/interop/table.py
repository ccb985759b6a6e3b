"""What came of a run, as tables for docs/interop.md."""

import datetime

from checks import CHECKS, title

BEGIN = "<!-- written by the run: begin -->"
END = "<!-- written by the run: end -->"


def cell(results):
    """One cell of the results of both directions, [(direction, result)]."""
    states = {result.state for _, result in results}
    if len(states) == 1:
        state = states.pop()
        return "–" if state == "none" else state
    return ", ".join(f"{direction}: {result.state}"
                     for direction, result in results)


def matrix(jobs):
    """Checks down, how the connection is made across."""
    columns = list(dict.fromkeys(job.column for job in jobs if job.column))
    lines = ["| Case | " + " | ".join(columns) + " |",
             "|---" * (len(columns) + 1) + "|"]
    for check in CHECKS:
        cells = [cell([(job.direction(), job.results[check])
                       for job in jobs if job.column == column])
                 for column in columns]
        lines.append(f"| {title(check)} | " + " | ".join(cells) + " |")
    return lines


def more(jobs):
    """Links that are made but for one thing: a line each."""
    lines = ["| Case | Checks | Outcome |", "|---|---|---|"]
    labels = list(dict.fromkeys(job.label for job in jobs if not job.column))
    for label in labels:
        those = [job for job in jobs if job.label == label]
        outcomes = {check: cell([(job.direction(), job.results[check])
                                 for job in those])
                    for check in those[0].chosen}
        states = set(outcomes.values())
        outcome = states.pop() if len(states) == 1 else "; ".join(
            f"{title(check)}: {text}" for check, text in outcomes.items()
            if text != "pass")
        lines.append(f"| {label} | {'; '.join(map(title, outcomes))} "
                     f"| {outcome} |")
    return lines


def not_there(stack, jobs):
    """Why cells are not tried."""
    why = {result.why for job in jobs for result in job.results.values()
           if result.state == "none"}
    if "early" in stack.lacks:
        why.add("early negotiation: " + stack.lacks["early"])
    return sorted(why)


def section(stack, jobs):
    text = [f"### {stack.versions}", ""]
    if stack.remark:
        text += [stack.remark, ""]
    text += matrix(jobs) + [""] + more(jobs)
    why = not_there(stack, jobs)
    if why:
        text += ["", "Not tried: " + "; ".join(why) + "."]
    return text


def written(done):
    """The whole section; done: [(stack, its jobs)]."""
    today = datetime.date.today().isoformat()
    text = [BEGIN, "",
            f"Run on {today}. A cell stands for both directions, it dials us "
            "and we dial it,", "unless it names one; – is not tried.",
            "*Early* and *multistream* are the two ways to agree on yamux.", ""]
    for stack, jobs in done:
        text += section(stack, jobs) + [""]
    return "\n".join(text + [END])


def put(path, done):
    """Replace the section between the markers of a file, or write it alone."""
    new = written(done)
    old = path.read_text() if path.exists() else ""
    if BEGIN in old and END in old:
        before, _, rest = old.partition(BEGIN)
        new = before + new + rest.partition(END)[2]
    path.write_text(new if new.endswith("\n") else new + "\n")
