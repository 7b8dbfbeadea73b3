"""An invoice line explained: from the bill down to readings, with what proves each step."""
