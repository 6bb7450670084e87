# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # From one measurement to 18 months of service
#
# A service transcribes podcasts and sums up articles. How much electricity will it take, how much CO2e is that,
# and how sure are these figures? This notebook answers in four steps: **measure** one request, **estimate**
# another, **project** the months to come, **compare** with what other calculators say.
#
# Every figure comes as three: a low one, a likely one, a high one. Without its interval nobody can tell whether
# a figure is good enough for a decision. Words: a *joule* (J) is an amount of energy; 3 600 J are one watt-hour
# (Wh), a thousand of these one kilowatt-hour (kWh). *CO2e* counts all greenhouse gases as the CO2 that would
# warm as much.
#
# To run it yourself: `make doctor` once, then `.venv/bin/pip install -c constraints.txt -e '.[notebook]'` and
# `.venv/bin/jupytext --to ipynb --execute docs/notebooks/estimate.py`. It reads files of this repository alone.

# %%
import os
from dataclasses import replace
from pathlib import Path

import pandas
import pictures
from pictures import digits

import bench
from bench.estimators.answering import answer
from bench.estimators.volumes import Site, project
from bench.estimators.wanted import Wanted
from bench.files.knowing import read_known
from bench.nouns.estimates import exactly
from bench.run.estimating import estimate
from bench.run.volumes import volumes

while not Path("results/examples").is_dir():  # Jupyter starts in the notebook's own folder
    os.chdir("..")

# %% [markdown]
# ## 1. Measure
#
# `make bench` measures models on *your* machine and seals what it saw. Here we read the sealed example of this
# repository: a small cloud machine with two processor threads. **It has no power sensor**, so its watts are
# *modelled* from how busy the processor was. That makes the intervals wide, and the tool says so on every line.
#
# The picture is one run of Whisper, which turns speech into text. First the loaded model waits (grey), then it
# transcribes the same clip again and again (orange).

# %%
folder = Path("results/examples/cpu-2-threads")
results = bench.read_results(folder)
run = results.runs[results.runs.model.eq("whisper-tiny") & results.runs.workload.eq("speech-fr-30")].iloc[0]
pictures.power(
    pandas.read_csv(folder / "runs" / run.run_id / "readings.csv.gz"),
    pandas.read_csv(folder / "runs" / run.run_id / "windows.csv"),
)

# %% [markdown]
# The tool knows how many clips each orange stretch holds, so it can divide the energy by them. Three clips of
# different lengths were measured. A longer clip takes more in all, but *less for each second of sound*: Whisper
# works on pieces of 30 seconds, and a clip of 5 seconds fills one piece just as a clip of 30 does.

# %%
keys = ["run_id", "phase", "label"]
work = results.windows[results.windows.phase.eq("work")].merge(results.work, on=keys, suffixes=("", "_work"))
work = work.merge(results.runs[["run_id", "model", "workload"]], on="run_id")
work = work[work.model.eq("whisper-tiny")]
clips = work.groupby("workload")[["energy_j", "low_j", "high_j", "requests", "audio_s"]].sum()
per_clip = pandas.DataFrame(
    {
        "seconds of sound": clips.audio_s / clips.requests,
        "J a clip, low": clips.low_j / clips.requests,
        "likely": clips.energy_j / clips.requests,
        "high": clips.high_j / clips.requests,
        "J a second of sound, likely": clips.energy_j / clips.audio_s,
    }
)
per_clip.sort_values("seconds of sound").map(digits)

# %% [markdown]
# ## 2. Estimate
#
# An *estimate* carries measurements over to a request that nobody measured. It takes the surest way that it has:
# a measured model first; else the same model on another machine; else a physical formula fitted on open
# measurements of four laboratories. It says which, and it refuses what it cannot know.
#
# Two requests of our service: a podcast of one minute by Whisper tiny (*measured*, on the machine above), and
# the summary of an article of 4 000 characters by Mistral 7B on an H100 card (*prior*: the formula, for no such
# card was measured here).

# %%
podcast = Wanted(model="whisper-tiny", audio_seconds=60.0, scope="wall")
article = Wanted(model="mistral-7b", hardware="h100", characters=4000.0, language="fr", output_tokens=220.0)
rows = {}
for name, wanted in {"podcast of 60 s": podcast, "article of 4 000 characters": article}.items():
    found = estimate(wanted, region="francecentral")
    wh = [digits(1000 * kwh) for kwh in found.answer.energy_kwh]
    mg = [digits(1000 * grams) for grams in found.carbon.location.g]
    rows[name] = {
        **dict(zip(("Wh, low", "likely", "high"), wh, strict=True)),
        **dict(zip(("mg CO2e, low", "likely ", "high "), mg, strict=True)),
        "by": found.answer.method,
    }
pandas.DataFrame(rows).transpose()

# %% [markdown]
# The high figure is about ten times the low one. That is no flaw of the arithmetic: it is what is really known.
# Of the podcast it is the missing power sensor, of the article the card that nobody measured here. **Measuring
# narrows it; no formula does.**
#
# The tool also says what it had to assume. Of the article:

# %%
for note in estimate(article, region="francecentral").answer.notes:
    print("-", note)

# %% [markdown]
# ### Why the average length is not enough
#
# The line below climbs with every word spoken, and jumps wherever another piece of 30 seconds begins. If half of
# your podcasts last 20 s and half 40 s, the *average* podcast lasts 30 s and needs one piece, while half of the
# real ones need two. So Joulemark prices every length of your files, and never their average alone.

# %%
known = read_known()
lengths = [seconds / 2 for seconds in range(4, 241)]
joules = [answer(replace(podcast, audio_seconds=seconds), known).energy_j for seconds in lengths]
pictures.by_length(lengths, joules, measured_to=60)

# %% [markdown]
# ## 3. Project
#
# What will 18 months take? A small file says what we know of the service: how many requests come now, how they
# grow, how long they are, in which languages. A number may be three: one chance in ten that the truth is lower
# (**P10**), as likely lower as higher (**P50**), one chance in ten that it is higher (**P90**).
#
# The podcasts grow by a percentage every month (*exponential*). The articles grow at first, then near a ceiling
# of about 6 000 a month, for the newsroom writes no more (*saturating*).

# %%
print(Path("docs/notebooks/project.toml").read_text(encoding="utf-8"))

# %%
found = volumes(Path("docs/notebooks/project.toml"))
months, projection = found.months, found.projection
pictures.fan(months, [one.location_kg for one in projection.months], known_months=12)


# %%
def line(amounts):
    """Requests, kWh and grams of a month, a flow or of all."""
    kwh, kg = amounts.energy_kwh, amounts.location_kg
    return {
        "requests": f"{amounts.requests.p50:,.0f}",
        **{f"kWh {which.upper()}": digits(getattr(kwh, which)) for which in ("p10", "p50", "p90")},
        **{f"g CO2e {which.upper()}": digits(1000 * getattr(kg, which)) for which in ("p10", "p50", "p90")},
    }


table = {name: line(one) for name, one in list(zip(months, projection.months, strict=True))[::6]}
table["all 18 months"] = line(projection.total)
for flow, amounts in zip(found.flows, projection.flows, strict=True):
    table[f"of these: {flow.flow.name}"] = line(amounts)
pandas.DataFrame(table).transpose()

# %% [markdown]
# Percentiles do not add up: only where everything errs together, as it nearly does here (one way of estimating,
# one grid), does the sum of two P90 come close to the P90 of the whole. Let the tool add.
#
# And the average length, taken alone, would have been off by:

# %%
for one in found.flows:
    print(f"{one.flow.name}: {one.at_mean_j / one.mean_j.value - 1:+.1%}")

# %% [markdown]
# ### The same service elsewhere
#
# The kWh stay, the grams do not: each country makes its electricity in its own way.

# %%
names = {"Sweden": "sweden", "France": "france", "Germany": "germany", "United States": "usa", "Poland": "poland"}
by_country = {
    name: volumes(Path("docs/notebooks/project.toml"), region=region).projection.total.location_kg
    for name, region in names.items()
}
pictures.spans(by_country, "The same 18 months by country", log=True)

# %% [markdown]
# ### Which doubt is worth removing?
#
# The interval is wide for several reasons at once. Below, one reason at a time is taken as known for sure, and
# the interval is drawn again. The reason whose removal shortens it most is what to measure, or to ask about,
# first.

# %%
site = Site(pue=found.place.pue.ratio, g_per_kwh=found.place.factor().g_per_kwh)
sure_site = Site(pue=exactly(site.pue.value), g_per_kwh=exactly(site.g_per_kwh.value))


def middle(likely):
    """The same number without its doubt."""
    return likely and replace(likely, p10=likely.p50, p90=likely.p50)


def sure(one, *, requests=False, growth=False, joules=False):
    """The same flow with one of its doubts removed."""
    flow, grows = one.flow, one.flow.growth
    if requests:
        flow = replace(flow, requests=middle(flow.requests))
    if growth:
        flow = replace(flow, growth=replace(grows, factor=middle(grows.factor), ceiling=middle(grows.ceiling)))
    parts = tuple((weight, exactly(each.value)) for weight, each in one.parts) if joules else one.parts
    return replace(one, flow=flow, parts=parts)


cases = {
    "nothing removed": (found.flows, site),
    "requests of the first month known": ([sure(one, requests=True) for one in found.flows], site),
    "growth known": ([sure(one, growth=True) for one in found.flows], site),
    "grid and building known": (found.flows, sure_site),
    "energy of a request known": ([sure(one, joules=True) for one in found.flows], site),
}
left = {name: project(flows, len(months), where).total.location_kg for name, (flows, where) in cases.items()}
pictures.spans(left, "What is left of the interval when one doubt is removed", log=False)
for name, one in left.items():
    print(f"{name}: P90 is {one.p90 / one.p10:.2g} times P10")

# %% [markdown]
# Knowing the energy of a request shortens the interval by far the most. That is why step 1 exists, and why it
# should be done on the machine that will run the service.
#
# ## 4. Compare
#
# Other calculators answer with one number. Here are their published formulas, as they stand, for one article of
# ours. They are **rivals' figures, not ours**.

# %%
told = estimate(article, region="francecentral", shadow=True)
ours = told.answer.energy_kwh
rivals = {one.label.removeprefix("rival: "): one for one in told.rivals}
pictures.rivals(ours, {name: 1000 * one.energy_kwh for name, one in rivals.items()})

# %%
pandas.DataFrame(
    {
        name: {
            "Wh": digits(1000 * one.energy_kwh),
            "times ours": digits(one.energy_kwh / ours.value),
            "leaves out": one.rival.leaves_out,
        }
        for name, one in rivals.items()
    }
).transpose()

# %% [markdown]
# Each of them is a single number, and the largest is some hundred thousand times the smallest. A calculator that
# gives no interval may be right; nobody can know. `joulemark validate` holds ours and theirs against measured
# energy.
#
# ## What to write in a report
#
# The last cell writes sentences that hold. They say the interval, what kind of figure it is, and what is not
# inside.

# %%
total = projection.total
kwh, kg = total.energy_kwh, total.location_kg
print(
    f"Over {len(months)} months from {months[0]} the service is expected to take {digits(kwh.p50)} kWh of\n"
    f"electricity at the wall (8 chances in 10: {digits(kwh.p10)} to {digits(kwh.p90)} kWh), which makes\n"
    f"{digits(kg.p50)} kg CO2e ({digits(kg.p10)} to {digits(kg.p90)} kg), location-based, life cycle, the\n"
    "building's share inside.\n"
    "The speech model was measured with synthetic weights on a machine whose power is modelled; the language\n"
    "model is estimated by a formula fitted on others' measurements.\n"
    "Not inside: hours in which machines wait for requests, making the hardware, networks, users' devices."
)

# %% [markdown]
# To go on: `joulemark volumes --scan FOLDER` counts the lengths of your own files, `joulemark run` measures your
# own model, and [how volumes are reckoned](../how-to/volumes.md) explains every step of part 3.
