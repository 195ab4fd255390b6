SELECT url, tip, error, at_ms FROM provider_report
