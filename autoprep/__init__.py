"""autoprep: data-preprocessing-first AutoML."""
