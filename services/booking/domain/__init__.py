"""The booking room's rules: pure functions over what was asked, the catalogue, the areas and an instant."""
