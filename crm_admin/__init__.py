"""The core of the CRM: records, rules, history, admin screens. Knows neither phone nor map."""
