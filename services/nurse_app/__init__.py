"""The nurse's page: today's route on a phone, behind a signed link.

Owns a read model of routes handed out and how far each visit has come. Consumes visits and the day. Emits nothing: what
a nurse does is a command to dispatch, with an id made on the phone, so that a repeated tap is one act.
"""
