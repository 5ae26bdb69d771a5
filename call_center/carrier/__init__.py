"""A telephone carrier on one machine: the REST API, the signed webhooks and the TwiML of Twilio, without an account.

It imports nothing of the CRM, so other projects can use it. Start it by `crm carrier`, or in a test by `Carrier()`.
"""
