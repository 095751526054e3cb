"""`katas watch`: grade a kata at every save and show the verdict immediately."""
