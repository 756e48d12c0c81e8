"""The parts of the page that the stream keeps true, as HTML by the id of the element they fill."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.board.domain.view import DayView
from services.board.moments import Panels
from services.board.pages import render
from shared.events.ids import NurseId
from shared.security.tokens import NurseDay, Tokens


@dataclass(frozen=True, slots=True)
class PanelArtist:
    """Draws panels.

    Attributes:
        tokens: signs the nurses' links.
        phones: where nurses reach the house, without a slash at the end; "" for the board's own address.
    """

    tokens: Tokens
    phones: str

    def draw(self, view: DayView, services: Mapping[str, str]) -> Panels:
        """Return every panel of a day."""
        context = {
            "headline": view.headline,
            "plan_version": view.plan_version,
            "routes": view.routes,
            "unassigned": view.unassigned,
            "review": view.review,
            "links": {route.shift_id: self._link(view, route.nurse_id) for route in view.routes},
            "services": services,
            "zone": view.area.zone,
        }
        return {
            "headline": render("panels/headline.html", context),
            "unassigned-count": render("panels/count.html", {"count": len(view.unassigned)}),
            "review-count": render("panels/count.html", {"count": len(view.review)}),
            "panel-routes": render("panels/routes.html", context),
            "panel-unassigned": render("panels/unassigned.html", context),
            "panel-review": render("panels/review.html", context),
            "panel-links": render("panels/links.html", context),
        }

    def _link(self, view: DayView, nurse_id: NurseId) -> str:
        token = self.tokens.for_nurse(NurseDay(nurse_id, view.area.id, view.date))
        return f"{self.phones}/n/{token}"
