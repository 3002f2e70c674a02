"""What the events mean: causes and rules, classification, questions, alerts, reports, explanations."""
