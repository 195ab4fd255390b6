//! What nodes told of packages, and the registry in use, which is replaced when they tell more.

use std::sync::{Arc, PoisonError, RwLock};

use vigia_core::{Address, PackageVersion};

use crate::declaration::PackageIds;
use crate::layout::Datatypes;
use crate::registry::Registry;

/// What nodes told of packages.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// What packages declare.
    pub datatypes: Datatypes,
    /// Versions of packages, by lineage, ascending.
    pub versions: Vec<PackageVersion>,
}

impl Told {
    /// Makes a lineage of every contract's packages: all versions that are known of them, the first one
    /// first, whichever of them is named.
    pub(crate) fn extend(&self, packages: &mut PackageIds) {
        for ids in packages.values_mut() {
            let named: Vec<Address> = ids.clone();
            let originals: Vec<Address> = self
                .versions
                .iter()
                .filter(|version| named.contains(&version.package))
                .map(|version| version.original)
                .collect();
            let versions = self.versions.iter();
            let mut lineage: Vec<Address> = versions
                .filter(|version| originals.contains(&version.original))
                .map(|version| version.package)
                .collect();
            lineage.extend(
                named
                    .iter()
                    .filter(|id| !lineage.contains(id))
                    .copied()
                    .collect::<Vec<_>>(),
            );
            *ids = lineage;
        }
    }
}

/// The registry in use.
#[derive(Debug, Default)]
pub struct CurrentRegistry(RwLock<Arc<Registry>>);

impl CurrentRegistry {
    /// As it is now. Whoever takes several steps with it takes them with one.
    pub fn get(&self) -> Arc<Registry> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// From here on it is this one.
    pub fn replace(&self, registry: Registry) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(registry);
    }
}

impl From<Registry> for CurrentRegistry {
    fn from(registry: Registry) -> Self {
        Self(RwLock::new(Arc::new(registry)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(byte: u8) -> Address {
        Address::new([byte; 32])
    }

    fn version(original: u8, version: u64, package: u8) -> PackageVersion {
        PackageVersion {
            original: id(original),
            version,
            package: id(package),
        }
    }

    #[test]
    fn any_version_names_the_lineage() {
        let told = Told {
            versions: vec![
                version(1, 1, 1),
                version(1, 2, 2),
                version(1, 3, 3),
                version(8, 1, 8),
            ],
            ..Told::default()
        };
        for named in [vec![id(1)], vec![id(3)], vec![id(2), id(3)]] {
            let mut packages: PackageIds = [("pay".to_owned(), named)].into_iter().collect();
            told.extend(&mut packages);
            assert_eq!(packages["pay"], [id(1), id(2), id(3)]);
        }
        // What nobody told of stays as it is named.
        let mut packages: PackageIds = [("pay".to_owned(), vec![id(5), id(2)])]
            .into_iter()
            .collect();
        told.extend(&mut packages);
        assert_eq!(packages["pay"], [id(1), id(2), id(3), id(5)]);
        let mut alone: PackageIds = [("pay".to_owned(), vec![id(5)])].into_iter().collect();
        told.extend(&mut alone);
        assert_eq!(alone["pay"], [id(5)]);
    }
}
