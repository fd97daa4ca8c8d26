"""The report as one HTML page: markup, its parts, and the style and script that it carries."""
