"""The catalogue of Numba kernels: arrays in, arrays out."""
