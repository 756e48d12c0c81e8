"""The drawing board of the sample city: streets, houses and landscape in plan metres, before OpenStreetMap."""
