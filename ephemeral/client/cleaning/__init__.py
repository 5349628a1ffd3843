"""Pictures and films without what they tell of place, time and device."""
