"""What has servers of tests bear a slow machine."""

# One that is busy, or stands still for seconds, is no reason to refuse a comment or to leave anything out.
PATIENT = {"LIVECOMMENTS_LOG_DEADLINE_S": "60", "LIVECOMMENTS_LAG_MAX_MS": "60000"}
