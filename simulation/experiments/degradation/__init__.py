"""The family `degradation`: a load that rises past what a server holds, with its ladder and without."""
