# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # From dirty files to places
#
# The made-up town of Stonebridge, loaded into a store of its own; every number here is synthetic.

# %%
import tempfile
from pathlib import Path

from safespace import pipeline
from safespace.settings import load_settings

folder = Path(tempfile.mkdtemp())
settings = load_settings(store=folder / "store")
files = pipeline.write_town(folder / "town", seed=2022)

# %% [markdown]
# ## What became of every row
#
# Accepted, repaired, quarantined, rejected and excluded add up to the rows read, or nothing is loaded.

# %%
for source in ("streetsafe", "nte", "spiking"):
    done = pipeline.ingest([files[f"{source}_csv"]], source=source, settings=settings)
    print(source, done.sentences()[0])
pipeline.ingest_layer([files["areas_geojson"]], layer="areas", settings=settings)
print(*pipeline.ingest_streets(files["streets_pbf"], settings=settings).sentences(), sep="\n")

# %% [markdown]
# ## Where reports are more than usual
#
# "Usual" is the baseline's: here the length of walkable street. The interval says how sure the rate is.

# %%
found = pipeline.find_places(pipeline.View(), settings)
print(found.hotspots.basis())
pipeline.places_table(found)

# %% [markdown]
# ## The same question against another baseline
#
# A place that holds under both is worth more than one that holds under one.

# %%
by_area = pipeline.find_places(pipeline.View(baseline="area"), settings)
both = set(found.hotspots.hot.tolist()) & set(by_area.hotspots.hot.tolist())
print(f"{len(both)} of {len(found.hotspots.hot)} cells are higher than usual under both baselines.")

# %% [markdown]
# ## A walking link
#
# Length against reports nearby, exactly; lighting as mapped, unknown kept apart.

# %%
plan = pipeline.plan_walk("Stonebridge Bus Station", "Barge Hall", pipeline.View(), settings)
plan.table.set_index("Option").T
