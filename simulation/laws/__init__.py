"""Does the model obey queueing theory? Its own stations under Poisson arrivals, and closed forms beside them."""
