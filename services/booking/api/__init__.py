"""The booking room's HTTP: bookings, patients, the catalogue."""

from services.booking.api import bookings, offer, patients

routers = (bookings.router, offer.router, patients.router)
