"""What everything else is made of: money, identifiers, time, errors. Imports nothing of ours."""
