//! Made-up display names. Nobody in particular; the combination is what makes them differ.

const GIVEN: [&str; 25] = [
    "Valentina",
    "Mateo",
    "Camila",
    "Santiago",
    "Luciana",
    "Thiago",
    "Ximena",
    "Joaquín",
    "Renata",
    "Emiliano",
    "Yamila",
    "Facundo",
    "Marisol",
    "Ezequiel",
    "Catalina",
    "Rodrigo",
    "Paloma",
    "Ignacio",
    "Jimena",
    "Leandro",
    "Rosario",
    "Gael",
    "Antonella",
    "Benicio",
    "Amparo",
];

const FAMILY: [&str; 20] = [
    "Quispe",
    "Rojas",
    "Fernández",
    "Mamani",
    "Gutiérrez",
    "Benítez",
    "Villalba",
    "Cárdenas",
    "Ocampo",
    "Sosa",
    "Aguirre",
    "Paredes",
    "Montoya",
    "Zambrano",
    "Escobar",
    "Duarte",
    "Ibarra",
    "Navarro",
    "Peralta",
    "Céspedes",
];

/// The display name of the `index`th user. Repeats after 500, then with a number.
pub(crate) fn display_name(index: usize) -> String {
    let given = GIVEN[index % GIVEN.len()];
    // Neighbours differ in both parts, and each round pairs every given name with another family.
    let family = FAMILY[(index % GIVEN.len() + index / GIVEN.len()) % FAMILY.len()];
    match index / (GIVEN.len() * FAMILY.len()) {
        0 => format!("{given} {family}"),
        round => format!("{given} {family} {}", round + 1),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::display_name;

    #[test]
    fn first_names_are_distinct() {
        let names: HashSet<_> = (0..1_200).map(display_name).collect();
        assert_eq!(names.len(), 1_200);
    }
}
