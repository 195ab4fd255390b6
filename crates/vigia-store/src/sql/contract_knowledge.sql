-- Both only grow.
SELECT
    (SELECT count(*) FROM datatype WHERE definition IS NOT NULL) AS datatypes,
    (SELECT count(*) FROM package_version) AS versions
