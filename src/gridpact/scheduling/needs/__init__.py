"""What people and operators ask of the schedule: values, sentences, and what they bind."""
