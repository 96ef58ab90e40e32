// truewire: the command line.
int main() { return 2; }
