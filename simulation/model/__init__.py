"""The server's rooms in SimPy, obeying the server's own policies.

Imports nothing of the server but ``policy`` and ``protocol``. A room has the name of the one it models. What a stage
costs comes from the calibration; what it decides comes from the policy.
"""
