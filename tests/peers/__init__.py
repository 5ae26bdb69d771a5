"""Programs by others that check ours: npm packages and what drives them."""
