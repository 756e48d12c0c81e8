"""Names of people who do not exist."""

from random import Random

_FIRST = (
    "Ada", "Aaron", "Alma", "Amir", "Andre", "Anita", "Beatriz", "Ben", "Bianca", "Calvin", "Camila", "Carmen",
    "Cedric", "Chloe", "Clara", "Damian", "Dana", "Deepa", "Diego", "Dolores", "Edith", "Eli", "Elena", "Emeka",
    "Esther", "Farah", "Felix", "Fiona", "Gabriel", "Grace", "Hana", "Harold", "Hector", "Ida", "Imani", "Ingrid",
    "Isaac", "Jamal", "Jasmine", "Joan", "Jonas", "Joy", "Karim", "Kayla", "Keiko", "Lamar", "Leila", "Leon", "Lucia",
    "Mabel", "Malik", "Marta", "Maya", "Miguel", "Mina", "Nadia", "Naomi", "Nils", "Nora", "Olga", "Omar", "Oscar",
    "Paloma", "Priya", "Quinn", "Rafael", "Rosa", "Ruth", "Sam", "Sofia", "Stella", "Tariq", "Tessa", "Theo", "Uma",
    "Vera", "Victor", "Wanda", "Wei", "Yara", "Yusuf", "Zoe",
)  # fmt: skip
_LAST = (
    "Abbott", "Acosta", "Adeyemi", "Albright", "Bauer", "Bell", "Bhatt", "Brandt", "Calloway", "Castillo", "Chen",
    "Cho", "Cole", "Dalton", "Delgado", "Diallo", "Dunn", "Ellison", "Farrow", "Fields", "Flores", "Frost", "Gallo",
    "Garza", "Goodwin", "Haddad", "Hale", "Hart", "Hayashi", "Holt", "Ibarra", "Iqbal", "Jensen", "Kapoor", "Keller",
    "Kim", "Kowalski", "Lane", "Larkin", "Leblanc", "Lindqvist", "Lowe", "Marsh", "Mbeki", "Medina", "Moreau", "Nash",
    "Navarro", "Nguyen", "Novak", "Oakes", "Okafor", "Ortega", "Paine", "Patel", "Petrov", "Pham", "Quist", "Ramos",
    "Reyes", "Rhodes", "Rossi", "Santos", "Sato", "Silva", "Sorensen", "Stone", "Tran", "Underhill", "Vargas", "Vega",
    "Walsh", "Watts", "Webb", "Wolfe", "Yoder", "Young", "Zamora", "Ziegler",
)  # fmt: skip


def persons(rng: Random, count: int) -> list[tuple[str, str]]:
    """First and last names of `count` people, none twice while there are combinations left."""
    pairs = [(first, last) for first in _FIRST for last in _LAST]
    whole, rest = divmod(count, len(pairs))
    return pairs * whole + rng.sample(pairs, rest)
