"""The pages: what is measured is put into them from committed results, and the site is built of them."""
