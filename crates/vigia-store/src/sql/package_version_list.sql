SELECT original, version, package FROM package_version ORDER BY original, version
