"""The tables that the kernel reads, part by part; put together in :mod:`sim.compile`."""
