"""Many simulations: on the cores of one machine or on a cluster, each with its own luck, whatever happens to one of them."""
